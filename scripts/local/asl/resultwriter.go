package asl

import (
	"encoding/json"
	"strings"
)

// resultWriter is ResultWriter into S3: a manifest and one file each for what succeeded, what failed and what was never
// started. https://docs.aws.amazon.com/step-functions/latest/dg/input-output-resultwriter.html
type resultWriter struct{ bucket, prefix *template }

func (p *parser) resultWriter(o *object) *resultWriter {
	raw, ok := o.take("ResultWriter")
	if !ok {
		return nil
	}
	writer := p.object(o.at("ResultWriter"), raw)
	writer.choice("Resource", "arn:aws:states:::s3:putObject")
	w := &resultWriter{}
	w.bucket, w.prefix = p.objectArguments(writer, "Prefix")
	writer.close()
	return w
}

// resultFile is one file of results in the manifest.
type resultFile struct {
	Key  string
	Size int
}

type manifest struct {
	DestinationBucket string
	MapRunARN         string `json:"MapRunArn"`
	ResultFiles       struct {
		FAILED, PENDING, SUCCEEDED []resultFile
	}
}

// write puts the results and the manifest below the prefix and gives the state's result.
func (w *resultWriter) write(s *step, to location, mapRunARN string, children []ended) (json.RawMessage, *Error) {
	files := map[Status][]ended{}
	for _, child := range children {
		status := child.Status
		if status == TimedOut || status == Aborted {
			status = Failed
		}
		files[status] = append(files[status], child)
	}
	folder := mapRunARN[strings.LastIndexByte(mapRunARN, ':')+1:]
	if to.key != "" {
		folder = to.key + "/" + folder
	}
	m := manifest{DestinationBucket: to.bucket, MapRunARN: mapRunARN}
	objects := s.thread.run.in.Objects
	for _, file := range []struct {
		status Status
		listed *[]resultFile
	}{{Failed, &m.ResultFiles.FAILED}, {pending, &m.ResultFiles.PENDING}, {Succeeded, &m.ResultFiles.SUCCEEDED}} {
		*file.listed = []resultFile{}
		if len(files[file.status]) == 0 {
			continue
		}
		key := folder + "/" + string(file.status) + "_0.json"
		body := encode(files[file.status])
		if err := objects.PutObject(s.ctx, to.bucket, key, body); err != nil {
			return nil, &Error{Name: ErrResultWriterFailed, Cause: causeOf(err)}
		}
		*file.listed = append(*file.listed, resultFile{key, len(body)})
	}
	key := folder + "/manifest.json"
	if err := objects.PutObject(s.ctx, to.bucket, key, encode(m)); err != nil {
		return nil, &Error{Name: ErrResultWriterFailed, Cause: causeOf(err)}
	}
	type details struct{ Bucket, Key string }
	return encode(struct {
		MapRunARN           string `json:"MapRunArn"`
		ResultWriterDetails details
	}{mapRunARN, details{to.bucket, key}}), nil
}

// pending is the status of a child that was never started.
const pending Status = "PENDING"
