"""Writes the generated reference: `python -m deploy.docs`."""

from deploy.docs.reference import FOLDER, reference


def main() -> None:
    """Write each document that differs from the code, and print its name."""
    for name, text in reference().items():
        file = FOLDER / name
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8")
            print("Written:", file.relative_to(FOLDER.parent))  # noqa: T201  a command's answer


if __name__ == "__main__":
    main()
