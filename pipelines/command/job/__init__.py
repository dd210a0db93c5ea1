"""Running a Beam job: its engine, its workers, its launch, and what is heard of it."""
