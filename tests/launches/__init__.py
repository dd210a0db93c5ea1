"""Launches of the templates: gcloud, a local Dataflow, workers that have nothing but the image and what was staged."""
