"""The mail sink: accepts the product's mails during measurements and records when they came."""
