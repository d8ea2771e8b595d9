"""Writes mails: their contents, encrypted until they are sent, and the bytes that are sent."""
