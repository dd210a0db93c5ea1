"""Running a Beam job: its engine, workers, launch, progress and result."""
