#include "runtime/containerd/content.h"

#include <fcntl.h>

#include <algorithm>
#include <atomic>
#include <utility>

#include "base/io.h"
#include "github.com/containerd/containerd/api/services/content/v1/content.grpc.pb.h"
#include "runtime/containerd/channel.h"

namespace dokku::runtime {

namespace api = containerd::services::content::v1;

struct Content::Impl {
  explicit Impl(const Channel& channel) : stub(channel.grpc()) {}
  api::Content::Stub stub;
  std::atomic<unsigned> writes{0};
};

Content::Content(const Channel& channel)
    : channel_(channel), impl_(std::make_unique<Impl>(channel)) {}
Content::~Content() = default;

namespace {

constexpr auto kWriteLimit = std::chrono::minutes(10);

// One blob on its way into the store. The server answers each message; a few may be unanswered at
// a time, which hides the round trips.
class BlobStream {
 public:
  BlobStream(const Channel& channel, api::Content::Stub& stub, const std::string& lease)
      : channel_(channel) {
    channel_.prepare(context_, {.limit = kWriteLimit, .lease = lease});
    stream_ = stub.Write(&context_);
  }
  BlobStream(const BlobStream&) = delete;
  ~BlobStream() {
    if (finished_) return;
    context_.TryCancel();
    const grpc::Status ignored = finish();
  }

  // False: the server ended the stream, and `end` says why.
  bool send(const api::WriteContentRequest& message) {
    if (!stream_->Write(message)) return false;
    ++unanswered_;
    while (unanswered_ > kUnansweredMax) {
      if (!receive()) return false;
    }
    return true;
  }

  bool receive() {
    if (!stream_->Read(&answer_)) return false;
    --unanswered_;
    return true;
  }

  Result<> end() {
    stream_->WritesDone();
    const grpc::Status status = finish();
    if (status.ok()) return {};
    return Fail(channel_.to_error(status, "writing a blob"));
  }

 private:
  static constexpr int kUnansweredMax = 8;

  // After COMMIT the server answers twice, and Finish waits until all was read.
  grpc::Status finish() {
    while (stream_->Read(&answer_)) {
    }
    finished_ = true;
    return stream_->Finish();
  }

  const Channel& channel_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReaderWriter<api::WriteContentRequest, api::WriteContentResponse>>
      stream_;
  api::WriteContentResponse answer_;
  int unanswered_ = 0;
  bool finished_ = false;
};

api::WriteContentRequest message(api::WriteAction action, const BlobSpec& blob,
                                 const std::string& reference) {
  api::WriteContentRequest request;
  request.set_action(action);
  request.set_ref(reference);
  request.set_total(static_cast<std::int64_t>(blob.size_bytes));
  request.set_expected(blob.digest);
  return request;
}

// Sends the file in small messages: each is copied several times on its way, and small ones stay
// in the processor's cache.
Result<bool> send_file(BlobStream& stream, api::WriteContentRequest& request, int file) {
  constexpr std::size_t kPieceBytes = 64 * 1024;
  request.set_action(api::WRITE);
  std::int64_t offset = 0;
  for (;;) {
    std::string* data = request.mutable_data();
    data->resize(kPieceBytes);
    const std::size_t got = TRY(read_some(file, data->data(), data->size()));
    if (got == 0) break;
    data->resize(got);
    request.set_offset(offset);
    if (!stream.send(request)) return false;
    offset += static_cast<std::int64_t>(got);
  }
  request.clear_data();
  request.set_offset(offset);
  return true;
}

// Success, too, when another was faster or the blob was always there.
Result<> or_there_already(Result<> result) {
  if (!result && result.error().code() == Errc::already_exists) return {};
  return result;
}

}  // namespace

Result<> Content::put(const BlobSpec& blob, std::string_view bytes, const std::string& lease) {
  TRY(channel_.wait_until_connected());
  const std::string reference = lease + "-" + std::to_string(++impl_->writes);
  BlobStream stream(channel_, impl_->stub, lease);
  api::WriteContentRequest commit = message(api::COMMIT, blob, reference);
  commit.set_data(bytes.data(), bytes.size());
  commit.mutable_labels()->insert(blob.labels.begin(), blob.labels.end());
  stream.send(commit);
  return or_there_already(stream.end());
}

Result<> Content::put_file(const BlobSpec& blob, const std::filesystem::path& path,
                           const std::string& lease) {
  TRY(channel_.wait_until_connected());
  const std::string reference = lease + "-" + std::to_string(++impl_->writes);
  BlobStream stream(channel_, impl_->stub, lease);
  api::WriteContentRequest request = message(api::STAT, blob, reference);
  if (!stream.send(request) || !stream.receive()) return or_there_already(stream.end());
  if (path.empty()) return fail(Errc::not_found, "no blob " + blob.digest);
  const UniqueFd file = TRY(open_file(path, O_RDONLY));
  const bool sent = TRY(send_file(stream, request, file.get()));
  if (sent) {
    request.set_action(api::COMMIT);
    request.mutable_labels()->insert(blob.labels.begin(), blob.labels.end());
    stream.send(request);
  }
  return or_there_already(stream.end());
}

Result<std::string> Content::get(const std::string& digest) {
  constexpr std::size_t kBytesMax = 4 << 20;
  std::string bytes;
  bool too_large = false;
  TRY(channel_.call("reading a blob", {.repeatable = true}, [&](grpc::ClientContext* context) {
    bytes.clear();
    api::ReadContentRequest request;
    request.set_digest(digest);
    const auto stream = impl_->stub.Read(context, request);
    api::ReadContentResponse response;
    while (stream->Read(&response)) {
      too_large = too_large || bytes.size() + response.data().size() > kBytesMax;
      if (!too_large) bytes += response.data();
    }
    return stream->Finish();
  }));
  if (too_large) return fail(Errc::limit_exceeded, "blob " + digest + " is too large");
  return bytes;
}

Result<> Content::read(const std::string& digest,
                       const std::function<Result<>(std::string_view)>& take) {
  constexpr std::int64_t kPieceBytes = 1 << 20;
  std::string bytes;
  for (std::int64_t offset = 0;; offset += kPieceBytes) {
    TRY(channel_.call("reading a blob", {.repeatable = true}, [&](grpc::ClientContext* context) {
      bytes.clear();
      api::ReadContentRequest request;
      request.set_digest(digest);
      request.set_offset(offset);
      request.set_size(kPieceBytes);
      const auto stream = impl_->stub.Read(context, request);
      api::ReadContentResponse response;
      while (stream->Read(&response)) bytes += response.data();
      return stream->Finish();
    }));
    if (!bytes.empty()) TRY(take(bytes));
    if (static_cast<std::int64_t>(bytes.size()) < kPieceBytes) return {};
  }
}

Result<std::uint64_t> Content::usage_bytes() {
  std::uint64_t bytes = 0;
  TRY(channel_.call("listing blobs", {.repeatable = true}, [&](grpc::ClientContext* context) {
    bytes = 0;
    const auto stream = impl_->stub.List(context, api::ListContentRequest());
    api::ListContentResponse response;
    while (stream->Read(&response)) {
      for (const auto& info : response.info()) bytes += static_cast<std::uint64_t>(info.size());
    }
    return stream->Finish();
  }));
  return bytes;
}

}  // namespace dokku::runtime
