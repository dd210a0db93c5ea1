-- Roles belong to the whole server: made once, and never with rights beyond the zoo.
DO $$
DECLARE
    role text;
BEGIN
    FOREACH role IN ARRAY ARRAY['zoo_owner', 'zoo_other', 'zoo_reader', 'zoo_restorer', 'Zoo "Gäst" 100%'] LOOP
        IF to_regrole(quote_ident(role)) IS NULL THEN
            EXECUTE format('CREATE ROLE %I LOGIN', role);
        END IF;
    END LOOP;
END
$$;
ALTER ROLE zoo_restorer CREATEDB;
GRANT zoo_other TO zoo_owner;
GRANT zoo_owner, zoo_other TO zoo_restorer;
