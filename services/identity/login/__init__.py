"""What the logins of citizens and staff share: ending an attempt, codes, clients and redirects to them."""
