"""The load generator: sends prepared requests over keep-alive connections, in a closed or an open loop."""
