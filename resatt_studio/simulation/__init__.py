"""The simulated inspector: photos with hidden truth walked through the app as a person would.

Read ``strokes`` (what a hand would paint) and ``timing`` (how long it takes), then ``walk`` (one session
through a real project, without a window), ``recipes`` (what is compared) and ``report`` (what comes out).
"""
