"""Removes from kept answers what retention removes: names of a request, detail and note of a dead letter."""

from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        with shown as (
            select caller, key, convert_from(body, 'UTF8')::jsonb as body from kept_answers
            where status = 200 and headers ->> 'content-type' = 'application/json'
        )
        update kept_answers set body = convert_to((
            shown.body - 'first_name' - 'last_name' || case
                when shown.body ? 'origin_topic' then '{"detail": "", "note": null}' else '{}' end ::jsonb
        )::text, 'UTF8')
        from shown where shown.caller = kept_answers.caller and shown.key = kept_answers.key
            and shown.body ?| array['first_name', 'origin_topic']
    """)


def downgrade() -> None:
    """The version before answers a repeat without the names."""
