"""A recipe and groups for a toy network: what can be learned from them in a second."""

import toy_bert

from rag_chat.training.mining import Group
from rag_chat.training.trainer import Recipe

RECIPE = Recipe(
    steps=30, groups=4, negatives=3, passage_tokens=16, question_tokens=8, frozen_layers=1,
    learning_rate=3e-3, joint_learning_rate=3e-3, warmup=3, seed=4,
)  # fmt: skip


def toy_groups(source="own", negatives=4):
    """The right passage repeats the question's word, the others do not."""
    words = toy_bert.WORDS
    return [
        Group(
            question=f"{word} {words[i - 1]}",
            positive=f"{word} {words[i - 2]} {word}",
            negatives=tuple(f"{words[(i + k) % 16]} {words[(i + k + 3) % 16]}" for k in range(2, 2 + negatives)),
            cosines=(0.5,) * (1 + negatives),
            source=source,
        )
        for i, word in enumerate(words)
    ]
