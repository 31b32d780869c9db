"""What trainings share: chat text, loading, models, losses, signals, rollouts, REINFORCE. Importing it does nothing."""
