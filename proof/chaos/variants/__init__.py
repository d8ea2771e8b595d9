"""Broken variants of the product, one defect each, which the auditor must find."""
