"""What leaves a project as files: masks, probabilities, weights; one line of a table each."""
