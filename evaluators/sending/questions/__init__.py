"""What a run answers beyond its verdict: one file for each kind of question, all pure."""
