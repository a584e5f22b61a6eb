"""The ways to reach people: one port, and an adapter for each provider and for the simulator."""
