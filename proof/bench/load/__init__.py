"""Load: a process of its own sends ready bytes over keep-alive connections, in a closed loop (N clients) or an open loop (a rate)."""
