"""Reaching a Cloud SQL instance, whatever database it runs: its name, its proxy and the program."""
