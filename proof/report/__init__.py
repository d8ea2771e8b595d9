"""What the reports of `./chaos` and `./bench` share: the HTML page, charts, and writing the files."""
