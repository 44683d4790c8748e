"""Chat with your PDFs on your own machine, and check every sentence of the answer."""

__version__ = "0.1.0"
