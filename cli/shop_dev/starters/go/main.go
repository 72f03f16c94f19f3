// greeter answers GET /v1/greetings/{name}. It listens where PORT says and reports each request as a span.
package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

func main() {
	mux := http.NewServeMux()
	ok := func(answer http.ResponseWriter, _ *http.Request) { write(answer, 200, map[string]any{"status": "ok"}) }
	mux.HandleFunc("GET /health", ok)
	mux.HandleFunc("GET /ready", ok)
	mux.HandleFunc("GET /v1/greetings/{name}", func(answer http.ResponseWriter, request *http.Request) {
		began := time.Now()
		write(answer, 200, map[string]any{"greeting": fmt.Sprintf("Hello, %s!", request.PathValue("name"))})
		go report(request.Header.Get("traceparent"), "GET /v1/greetings/{name}", began, time.Now())
	})
	mux.HandleFunc("/", func(answer http.ResponseWriter, _ *http.Request) {
		write(answer, 404, map[string]any{"title": "There is nothing here.", "status": 404})
	})
	server := &http.Server{Addr: "127.0.0.1:" + os.Getenv("PORT"), Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	stopped, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	go func() {
		<-stopped.Done()
		_ = server.Shutdown(context.Background())
	}()
	if err := server.ListenAndServe(); err != http.ErrServerClosed {
		log.Fatal(err)
	}
}

func write(answer http.ResponseWriter, status int, body any) {
	kind := "application/json"
	if status >= 400 {
		kind = "application/problem+json"
	}
	answer.Header().Set("Content-Type", kind)
	answer.WriteHeader(status)
	_ = json.NewEncoder(answer).Encode(body)
}

// report sends a span to where OTEL_EXPORTER_OTLP_ENDPOINT says, in the trace that the caller began.
func report(traceparent, name string, began, ended time.Time) {
	endpoint := os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT")
	if endpoint == "" {
		return
	}
	trace, parent := random(16), ""
	if parts := strings.Split(traceparent, "-"); len(parts) == 4 {
		trace, parent = parts[1], parts[2]
	}
	span := map[string]any{
		"traceId":           trace,
		"spanId":            random(8),
		"parentSpanId":      parent,
		"name":              name,
		"kind":              2,
		"startTimeUnixNano": fmt.Sprint(began.UnixNano()),
		"endTimeUnixNano":   fmt.Sprint(ended.UnixNano()),
	}
	service := map[string]any{"key": "service.name", "value": map[string]any{"stringValue": os.Getenv("OTEL_SERVICE_NAME")}}
	body, _ := json.Marshal(map[string]any{"resourceSpans": []any{map[string]any{
		"resource":   map[string]any{"attributes": []any{service}},
		"scopeSpans": []any{map[string]any{"spans": []any{span}}},
	}}})
	taken, err := http.Post(endpoint+"/v1/traces", "application/json", bytes.NewReader(body))
	if err != nil {
		log.Print("the span was not taken: ", err)
		return
	}
	_ = taken.Body.Close()
}

func random(bytes int) string {
	id := make([]byte, bytes)
	_, _ = rand.Read(id)
	return hex.EncodeToString(id)
}
