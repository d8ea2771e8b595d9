"""What a mail says: its contents, encrypted until it is sent, and the bytes made of them."""
