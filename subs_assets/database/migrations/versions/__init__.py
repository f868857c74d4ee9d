"""The revisions, each written by hand and complete in itself: it imports no model, because models move on."""
