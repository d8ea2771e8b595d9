"""What people type: names, addresses, numbers, codes. One rule for each, in every service."""
