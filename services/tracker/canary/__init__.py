"""The canary: a test request a minute from the form to the mail, timed, and an alarm when it stays away."""
