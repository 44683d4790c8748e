"""Two texts read together: where a passage answers a question, and whether a quote carries a sentence."""
