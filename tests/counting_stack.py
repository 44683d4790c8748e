"""A stack for the benchmark's worker: adds, and fails as the product fails. Imported in the worker's process."""

from rag_chat.errors import NotFound


class Counting:
    def __init__(self, folder):
        self.folder = folder

    def add(self, left, right):
        return left + right

    def fail(self):
        raise NotFound("It is not there.")
