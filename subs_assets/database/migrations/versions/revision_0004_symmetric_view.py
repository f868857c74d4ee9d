"""The view ``substitutions_symmetric``: pairs of products that each replace the other."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# A pair stands here once, product_a before product_b, when each is a substitute of the other at some company (not
# necessarily the same one: a product that one company sells can only be bought there). Level and score of a direction
# are its best over all companies.
SUBSTITUTIONS_SYMMETRIC = """
CREATE VIEW substitutions_symmetric AS
SELECT
    forward.product_id AS product_a,
    forward.substitute_id AS product_b,
    MIN(forward.level) AS level_a_to_b,
    MIN(backward.level) AS level_b_to_a,
    MAX(forward.score) AS score_a_to_b,
    MAX(backward.score) AS score_b_to_a
FROM substitutions AS forward
JOIN substitutions AS backward
    ON backward.product_id = forward.substitute_id AND backward.substitute_id = forward.product_id
WHERE forward.product_id < forward.substitute_id
GROUP BY forward.product_id, forward.substitute_id
"""


def upgrade() -> None:
    op.execute(SUBSTITUTIONS_SYMMETRIC)
