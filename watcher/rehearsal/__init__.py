"""Rehearsals: releases a version that is broken on purpose, lets the daemon undo it, and compares."""
