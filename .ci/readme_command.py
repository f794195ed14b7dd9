"""Print one of the README's two commands, so that CI runs what newcomers read: ``install`` or ``test``."""

import sys
from pathlib import Path

NAMES = ("install", "test")


def commands(readme: str) -> list[str]:
    """The fenced shell blocks of the README's section "Two commands"."""
    section = readme.split("## Two commands", 1)[1].split("\n## ", 1)[0]
    blocks = section.split("```")[1::2]
    return [block.partition("\n")[2].strip() for block in blocks if block.startswith("sh\n")]


if __name__ == "__main__":
    found = commands((Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8"))
    if len(found) != len(NAMES):
        sys.exit(f"README.md must have {len(NAMES)} commands under 'Two commands', found {len(found)}")
    print(found[NAMES.index(sys.argv[1])])
