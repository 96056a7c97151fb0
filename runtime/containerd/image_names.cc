#include "runtime/containerd/image_names.h"

#include "github.com/containerd/containerd/api/services/images/v1/images.grpc.pb.h"
#include "runtime/containerd/channel.h"

namespace dokku::runtime {

namespace api = containerd::services::images::v1;

struct ImageNames::Impl {
  explicit Impl(const Channel& channel) : stub(channel.grpc()) {}
  api::Images::Stub stub;
};

ImageNames::ImageNames(const Channel& channel)
    : channel_(channel), impl_(std::make_unique<Impl>(channel)) {}
ImageNames::~ImageNames() = default;

namespace {

oci::Descriptor target_of(const api::Image& image) {
  return {image.target().media_type(), image.target().digest(),
          static_cast<std::uint64_t>(image.target().size())};
}

api::Image image_of(const std::string& name, const oci::Descriptor& manifest) {
  api::Image image;
  image.set_name(name);
  image.mutable_target()->set_media_type(manifest.media_type);
  image.mutable_target()->set_digest(manifest.digest);
  image.mutable_target()->set_size(static_cast<std::int64_t>(manifest.size_bytes));
  return image;
}

}  // namespace

Result<oci::Descriptor> ImageNames::get(const std::string& name) {
  api::GetImageRequest request;
  request.set_name(name);
  api::GetImageResponse response;
  TRY(channel_.call("finding an image", {.repeatable = true}, [&](grpc::ClientContext* context) {
    return impl_->stub.Get(context, request, &response);
  }));
  return target_of(response.image());
}

Result<> ImageNames::set(const std::string& name, const oci::Descriptor& manifest) {
  api::CreateImageRequest create;
  *create.mutable_image() = image_of(name, manifest);
  api::CreateImageResponse created;
  Result<> made = channel_.call(
      "naming an image", {.repeatable = true},
      [&](grpc::ClientContext* context) { return impl_->stub.Create(context, create, &created); });
  if (made || made.error().code() != Errc::already_exists) return made;
  api::UpdateImageRequest update;
  *update.mutable_image() = image_of(name, manifest);
  update.mutable_update_mask()->add_paths("target");
  api::UpdateImageResponse updated;
  return channel_.call(
      "renaming an image", {.repeatable = true},
      [&](grpc::ClientContext* context) { return impl_->stub.Update(context, update, &updated); });
}

Result<std::vector<std::pair<std::string, oci::Descriptor>>> ImageNames::list() {
  api::ListImagesResponse response;
  TRY(channel_.call("listing images", {.repeatable = true}, [&](grpc::ClientContext* context) {
    return impl_->stub.List(context, api::ListImagesRequest(), &response);
  }));
  std::vector<std::pair<std::string, oci::Descriptor>> images;
  for (const auto& image : response.images()) images.emplace_back(image.name(), target_of(image));
  return images;
}

Result<> ImageNames::remove(const std::string& name, bool collect) {
  api::DeleteImageRequest request;
  request.set_name(name);
  request.set_sync(collect);
  google::protobuf::Empty response;
  Result<> removed =
      channel_.call("removing an image", {.limit = std::chrono::minutes(2), .repeatable = true},
                    [&](grpc::ClientContext* context) {
                      return impl_->stub.Delete(context, request, &response);
                    });
  if (!removed && removed.error().code() == Errc::not_found) return {};
  return removed;
}

}  // namespace dokku::runtime
