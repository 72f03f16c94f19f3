"""Deterministic simulation of the kit and the shop: the real code in virtual time, over small working models of what lies outside
it.
"""
