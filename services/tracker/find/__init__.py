"""Finding and showing requests: for handlers, and for citizens who follow theirs."""
