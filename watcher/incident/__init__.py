"""The post-incident note: what the decision log knows of one decision, as Markdown with a picture."""
