"""Stillhouse for PySpark. The classes behind it are in the Stillhouse jar."""
