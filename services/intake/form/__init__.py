"""What a service asks for: the catalogue, the rules of its fields, and what is said about a wrong value."""
