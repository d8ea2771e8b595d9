"""What the reports of `./chaos` and `./bench` share: curves, the page around them, files written whole."""
