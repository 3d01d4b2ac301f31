"""The screen: draws snapshots, sends intents, holds only cursor, scroll and focus."""
