package embedded

import (
	"archive/zip"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// repository is a server that returns archive for every platform and version.
func repository(t *testing.T, archive []byte) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.URL.Path, ".jar") {
			http.NotFound(w, r) // The checksum is optional.
			return
		}
		jar := zip.NewWriter(w)
		defer jar.Close()
		f, err := jar.Create("programs.txz")
		if err == nil {
			_, err = f.Write(archive)
		}
		if err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// programs.txz contains shell scripts bin/postgres, bin/pg_ctl and bin/initdb. Like the
// real initdb, this one refuses the encoding that it is given.
func TestDownload(t *testing.T) {
	t.Parallel()
	archive, err := os.ReadFile(filepath.Join("testdata", "programs.txz"))
	if err != nil {
		t.Fatal(err)
	}
	home := t.TempDir()
	got, err := finder{repository: repository(t, archive)}.find(t.Context(), home, 0)
	if err != nil {
		t.Fatal(err)
	}
	if want := (programs{filepath.Join(home, "binaries", "bin"), 16}); got != want {
		t.Errorf("found %v", got)
	}
	if left, _ := os.ReadDir(home); len(left) != 1 {
		t.Errorf("the directory has %v", left)
	}
}

func TestDownloadIsCompleteOrNothing(t *testing.T) {
	t.Parallel()
	archive, err := os.ReadFile(filepath.Join("testdata", "programs.txz"))
	if err != nil {
		t.Fatal(err)
	}
	home := t.TempDir()
	_, err = finder{repository: repository(t, archive[:len(archive)/2])}.find(t.Context(), home, 0)
	expectError(t, err, "downloading it failed", "unable to extract", "--postgres URL")
	if left, _ := os.ReadDir(home); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}
