"""The library in other people's pipelines; each needs the extra of its name."""
