"""The published tables in a browser and over HTTP: look up, judge, serve; all it knows it asks the database's look-ups,
and a decision is kept by what ``subs review`` keeps it with."""
