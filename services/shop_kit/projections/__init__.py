"""Read models: tables that are made from topics, and can be made again from their beginning at any time.

A `Projection` says which topics it hears, which tables it keeps and what each event does to them. A `Projector` keeps them up to
date: each batch of events, how far it has read, and what it knows of each key are one transaction, so each event counts once. A
rebuild, or a new form of the tables, is built in a schema of its own beside the live one, and takes its place when it has caught
up. A `ReadModel` reads what is live, and refuses to show what is half built.
"""

from shop_kit.projections.generations import ReadModel, StillBuilding
from shop_kit.projections.guard import KeyHistory
from shop_kit.projections.projection import Feed, Projection
from shop_kit.projections.projector import Projector

__all__ = ["Feed", "KeyHistory", "Projection", "Projector", "ReadModel", "StillBuilding"]
