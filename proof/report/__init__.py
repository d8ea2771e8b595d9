"""What the reports of `./chaos` and `./bench` share: the page and files written whole; and the curves of a storm."""
