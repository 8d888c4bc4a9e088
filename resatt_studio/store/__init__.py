"""The sample store: one database, a folder of content-addressed blobs and a shelf of weights per project."""
