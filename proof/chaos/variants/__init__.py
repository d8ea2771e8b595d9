"""The product broken on purpose, each in one way: the auditor has to find every one."""
