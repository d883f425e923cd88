// Command traindict trains the dictionary that commits are compressed with, and
// writes it to the file that is named after its number: dictionary/2.zstd is
// number 2. It leaves a file that exists as it is, for its frames could not be
// read with another. The trainer does not make the same bytes twice.
package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"log"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/klauspost/compress/dict"
	"github.com/klauspost/compress/zstd"
)

const (
	// firstID of the identifiers that the zstd format leaves to private use;
	// dictionary n has firstID + n.
	firstID = 32768
	maxSize = 16 << 10
	commits = 2000
)

func main() {
	log.SetFlags(0)
	if len(os.Args) != 2 {
		log.Fatal("usage: traindict dictionary/<number>.zstd")
	}
	if err := train(os.Args[1]); err != nil {
		log.Fatal("traindict: ", err)
	}
}

func train(path string) error {
	number, err := strconv.Atoi(strings.TrimSuffix(filepath.Base(path), ".zstd"))
	if err != nil || number < 1 {
		return fmt.Errorf("%s is not named after a number", path)
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	dictionary, err := build(firstID + uint32(number))
	if err == nil {
		_, err = file.Write(dictionary)
	}
	if err := errors.Join(err, file.Close()); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}

// build trains a dictionary on the sample, and then puts whole commits of one
// transaction at the end of its content. The trainer keeps pieces of the sample; a
// commit of one transfer is then found in many pieces, far apart. A whole one at the
// end is found in few, close by: a transfer alone in a commit takes 15 % less.
func build(id uint32) ([]byte, error) {
	all := sample(commits)
	trained, err := dict.BuildZstdDict(all, dict.Options{
		MaxDictSize: maxSize, HashBytes: 4, ZstdDictID: id, ZstdDictCompat: true, ZstdLevel: zstd.SpeedFastest,
	})
	if err != nil {
		return nil, err
	}
	pieces, err := zstd.InspectDictionary(trained)
	if err != nil {
		return nil, err
	}
	end := bytes.Join(examples(), nil)
	content := pieces.Content()
	content = append(content[max(0, len(content)+len(end)-maxSize):], end...)
	return zstd.BuildDict(zstd.BuildDictOptions{
		ID: id, Contents: all, History: content, Offsets: pieces.Offsets(), CompatV155: true, Level: zstd.SpeedFastest,
	})
}
