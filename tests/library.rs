//! The façade, as a pipeline uses it.

use crate::harness::{Folder, data};
use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use overlap::id::{Cast, IdDomain};
use overlap::report::{Format, Quality, Warning};
use overlap::{
    Confidence, ErrorKind, ExactMemory, ExactRequest, Silent, SketchOptions, SketchRequest,
    Sources, Unique, estimate, estimate_sketches, exact, sketch_batches, sketch_sides, verify,
};
use std::sync::Arc;

fn sources() -> Sources {
    Sources::new(&[data("shop.parquet"), data("pay.parquet")]).unwrap()
}

#[test]
fn files_are_sketched_once_and_asked_afterwards() {
    let sketches = sketch_sides(&sources(), SketchOptions::default(), &Silent).unwrap();
    let pair = estimate_sketches(&sketches[0], &sketches[1], Confidence::default()).unwrap();
    let request = SketchRequest {
        options: SketchOptions::default(),
        ..SketchRequest::new(sources())
    };
    let report = estimate(&request, &Silent).unwrap();
    assert_eq!(report.pairs[0].estimate, pair);
    assert_eq!(report.pairs[0].quality(), Quality::Good);
    assert!(report.render(Format::Json).contains("overlap.estimate/1"));
}

#[test]
fn files_that_are_asked_at_once_are_counted_if_they_are_small() {
    let request = SketchRequest::new(sources());
    let at_once = estimate(&request, &Silent).unwrap().pairs[0].estimate;
    let counted = exact(&ExactRequest::new(sources()), &Silent).unwrap();
    assert!(at_once.exact);
    assert_eq!(at_once, counted.pairs[0].estimate);
}

#[test]
fn exact_and_verify_answer_the_same_question() {
    let counted = exact(&ExactRequest::new(sources()), &Silent).unwrap();
    let verified = verify(
        &SketchRequest::new(sources()),
        &ExactMemory::default(),
        &Silent,
    )
    .unwrap();
    assert_eq!(verified.exact.union, counted.union);
    assert!(
        verified
            .checks()
            .iter()
            .all(overlap::report::Check::is_inside)
    );
    assert!(verified.estimate_cost.rows_per_second() > 0.0);
}

#[test]
fn record_batches_stream_into_a_sketch() {
    let batch = |users: std::ops::Range<i64>| {
        let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(users));
        RecordBatch::try_from_iter([("id", ids)]).unwrap()
    };
    let options = SketchOptions::default();
    let streamed = sketch_batches([batch(0..10), batch(5..20)], "id", options).unwrap();
    let whole = sketch_batches([batch(0..20)], "id", options).unwrap();
    assert_eq!(streamed.sample(), whole.sample());
    assert_eq!(streamed.tally().map(|tally| tally.rows), Some(25));
    let error = sketch_batches([batch(0..1)], "user", options).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Usage);
    let texts: ArrayRef = Arc::new(StringArray::from(vec!["x"]));
    let texts = RecordBatch::try_from_iter([("id", texts)]).unwrap();
    let error = sketch_batches([batch(0..1), texts], "id", options).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Incomparable);
}

#[test]
fn errors_name_kind_file_and_column() {
    let folder = Folder::new();
    let missing = Sources::new(&[folder.path("gone.parquet")]).unwrap();
    let error = estimate(&SketchRequest::new(missing), &Silent).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Input);
    assert!(error.context("file").unwrap().ends_with("gone.parquet"));
    let mut unknown = sources();
    unknown.id.column = Some("last_active".into());
    let error = estimate(&SketchRequest::new(unknown), &Silent).unwrap_err();
    assert_eq!(error.context("column"), Some("last_active"));
    assert!(SketchOptions::new(40, 1024).is_err());
}

#[test]
fn errors_and_warnings_speak_of_settings_and_not_of_flags() {
    let mut request = SketchRequest::new(sources());
    request.unique = Unique::Sides(["bank".to_owned()].into());
    let error = estimate(&request, &Silent).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`unique` names a side bank that isn't there; the sides are shop, pay"
    );
    let error = Cast::check(IdDomain::Integer, IdDomain::Binary).unwrap_err();
    assert!(error.to_string().contains("`cast = string`"), "{error}");
    let warning = Warning::NotUnique {
        side: "shop".into(),
        ids: 2,
    };
    assert!(warning.text().contains("`unique` is left out"));
}
