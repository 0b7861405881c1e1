"""From a proven breach to a decision: guards, the ladder, and who else has a say."""
