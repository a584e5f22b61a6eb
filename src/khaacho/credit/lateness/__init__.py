"""What happens when a shop is late: reminders, promises, disputes, pauses."""
