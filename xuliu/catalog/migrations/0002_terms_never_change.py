from django.db import migrations

# What was sold must stay readable from the offering for ever: a line points at it. Names, tax, cost and the pause
# may change; whoever wants other terms makes another offering and pauses this one.
TERMS = (
    "carrier_id",
    "kind",
    "plan_code",
    "months",
    "days",
    "size_bytes",
    "starts",
    "after_expiry",
    "is_directional",
    "proof",
)
OLD = ", ".join(f"OLD.{term}" for term in TERMS)
NEW = ", ".join(f"NEW.{term}" for term in TERMS)

TRIGGER = f"""
    CREATE FUNCTION refuse_change_of_terms() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'The terms of offering % never change (carrier, kind, plan, term, size, start, proof)', OLD.code
            USING ERRCODE = 'integrity_constraint_violation', HINT = 'Pause it and make a new offering.';
    END $$;
    CREATE TRIGGER offering_terms_never_change BEFORE UPDATE ON catalog_offering
        FOR EACH ROW WHEN (({OLD}) IS DISTINCT FROM ({NEW})) EXECUTE FUNCTION refuse_change_of_terms();"""
UNDO = """
    DROP TRIGGER offering_terms_never_change ON catalog_offering;
    DROP FUNCTION refuse_change_of_terms();"""


class Migration(migrations.Migration):
    dependencies = [("catalog", "0001_initial")]

    operations = [migrations.RunSQL(TRIGGER, UNDO)]
