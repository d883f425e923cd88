package webhooks

import (
	"context"
	"embed"
	"io/fs"

	"tallystick/schema"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrate brings the schema "webhooks" of the database at url to the newest
// version; see schema.Migrate.
func Migrate(ctx context.Context, url string) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	return schema.Migrate(ctx, url, "webhooks", files)
}
