"""Algorithms side by side: the same seeds for each, what each seed measured, and what is sure.

Names live in the modules: `bench` runs, `data` is what comes out, `against` weighs an older one.
"""
