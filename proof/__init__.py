"""Fault injection (`./chaos`) and benchmarks (`./bench`) that run the whole product."""
