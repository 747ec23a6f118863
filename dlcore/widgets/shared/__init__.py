"""Shared parts of widgets: tables of cells, and calls of students' layers."""
