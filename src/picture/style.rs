//! Colours, as CSS classes: a file of its own brings them, a page has them once.
//!
//! Sides have the colours of Okabe and Ito (jfly.uni-koeln.de/color), which people with every common
//! kind of colour vision tell apart. Letters have at least 4.5 : 1 of contrast to the ground.

/// The light colours, for a file of its own and for paper.
pub(crate) const LIGHT: &str = "\
svg{font-family:system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans','Noto Sans',sans-serif}\
.ground{fill:#fff}text{fill:#1b1f24}.dim{fill:#57606a}.strong{font-weight:600}\
.grid{fill:none;stroke:#d8dee4}\
.whisker{stroke:#1b1f24;stroke-width:1.5}.fan{fill:none;stroke:#57606a;stroke-dasharray:4 3}\
.bar{fill:#0072b2}.new{fill:#d55e00}.off{fill:#d8dee4}.on{fill:#1b1f24}.join{stroke:#1b1f24;stroke-width:2}\
.c0{fill:#0072b2}.c1{fill:#e69f00}.c2{fill:#009e73}.c3{fill:#cc79a7}.c4{fill:#d55e00}.c5{fill:#56b4e9}.c6{fill:#b8a800}.c7{fill:#6e6e6e}\
.l0{stroke:#0072b2}.l1{stroke:#b87a00}.l2{stroke:#009e73}.l3{stroke:#b5548a}.l4{stroke:#d55e00}.l5{stroke:#2f8fc9}.l6{stroke:#8f8300}.l7{stroke:#6e6e6e}\
.l0,.l1,.l2,.l3,.l4,.l5,.l6,.l7{fill:none;stroke-width:2.5;stroke-linejoin:round}.dash{stroke-dasharray:6 4}\
.band{fill-opacity:.22}.side{fill-opacity:.42;stroke:#1b1f24;stroke-width:1}.part{fill-opacity:.42}\
.h0{fill:#f3f6f9}.h1{fill:#dbe9f6}.h2{fill:#bcd7ec}.h3{fill:#94c0e0}.h4{fill:#64a5d2}.h5{fill:#3a87bf}.h6{fill:#1d68a5}.h7{fill:#0d4a82}.h8{fill:#08305c}\
.pale-text{fill:#fff}.ink{fill:#1b1f24}.cell{stroke:none}.grid-row{fill:#f3f5f7}\
.h0,.h1,.h2,.h3,.h4,.h5,.h6,.h7,.h8{stroke:none}";

/// What differs where the ground is dark.
pub(crate) const DARK: &str = "\
.ground{fill:#15181c}text{fill:#e6e9ec}.dim{fill:#a6afb8}.grid{stroke:#333a42}\
.whisker{stroke:#e6e9ec}.fan{stroke:#a6afb8}.bar{fill:#4aa3df}.new{fill:#f08a4b}.off{fill:#3a424b}.on{fill:#e6e9ec}.join{stroke:#e6e9ec}\
.side{stroke:#e6e9ec}.c0{fill:#4aa3df}.c7{fill:#a0a0a0}.l0{stroke:#4aa3df}.l1{stroke:#e69f00}.l3{stroke:#e39cc4}.l6{stroke:#d8c800}.l7{stroke:#b0b0b0}\
.ink{fill:#1b1f24}.pale-text{fill:#fff}.grid-row{fill:#1c2127}";
