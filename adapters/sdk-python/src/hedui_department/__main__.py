"""`python3 -m hedui_department make-key FILE`: a new key for signed answers, and what an operator pins. Leaves signing to `signing`."""

import sys

from .signing import make_key


def main(arguments: "list[str]") -> None:
    """Ends the program with a sentence where nothing could be done."""
    if len(arguments) != 2 or arguments[0] != "make-key":
        sys.exit("usage: python3 -m hedui_department make-key FILE")
    try:
        print(f'public_key = "{make_key(arguments[1])}"')
    except (OSError, ImportError) as problem:
        sys.exit(str(problem))


if __name__ == "__main__":
    main(sys.argv[1:])
